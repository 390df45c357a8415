import { expectOnly, get, perSecond, runLoad } from '../../kit/raw-load';
import { APP, Measure, USUAL_HOUSE } from '../bench';
import { compare, takeTurns } from '../comparison';

/** Seat maps a second: of the show that everybody wants, and of all shows in turn, so that readers seldom share a query. */
export const seatMaps: Measure = async (bench) => {
  const { clients, seconds, rounds, log } = bench;
  const house = await bench.open(USUAL_HOUSE);
  const server = await bench.serve(house, {}, APP);
  const requests = (path: string, showIds = house.showIds) => showIds.map((id) => get(`${path}?show_id=${id}`));
  const one = house.showIds.slice(0, 1);
  const round = (texts: readonly string[]) => async () => {
    const result = expectOnly(
      '200',
      await runLoad({
        port: server.port,
        clients,
        seconds,
        request: (client, k) => texts[(client + k * clients) % texts.length],
      }),
    );
    return perSecond(result);
  };
  const figures = await takeTurns(
    rounds,
    {
      'one show': round(requests('/api/seats/', one)),
      'all shows': round(requests('/api/seats/')),
      static: round(requests('/bench/seats/')),
    },
    log,
  );
  const { rows, seatsPerRow, shows } = house.size;
  const measure = `seat maps of ${rows * seatsPerRow} seats, ${clients} clients`;
  const other = 'a static answer of the same size';
  return [
    compare(`${measure}, all of one show`, figures['one show'], other, figures.static, { atLeast: 0.5 }),
    compare(`${measure}, of ${shows} shows`, figures['all shows'], other, figures.static, { atLeast: 0.5 }),
  ];
};
