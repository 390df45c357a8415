import fc from 'fast-check';
import { EventParser } from './event-parser';

const STREAM =
  ': heartbeat\n\nevent: snapshot\nid: 7\ndata: {"a":1}\n\nid: 8\r\ndata: one\r\ndata:two\r\n\r\nevent: lost\n\ndata: ü\n\n';

describe('an event stream', () => {
  test('says the same however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(STREAM.length)), (cuts) => {
        const parser = new EventParser();
        const places = [0, ...cuts.sort((a, b) => a - b), STREAM.length];
        const events = places.slice(1).flatMap((end, index) => parser.push(STREAM.slice(places[index], end)));
        expect(events).toEqual([
          { type: 'snapshot', data: '{"a":1}', id: '7' },
          { type: 'message', data: 'one\ntwo', id: '8' },
          { type: 'message', data: 'ü', id: '8' },
        ]);
      }),
    );
  });

  test('gives out no event before its end', () => {
    const parser = new EventParser();
    expect(parser.push('data: half\n')).toEqual([]);
    expect(parser.push('\n')).toHaveLength(1);
  });
});
