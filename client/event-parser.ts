/**
 * PURE. Reads Server-Sent Events from pieces of text, cut anywhere
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 */

export interface ServerSentEvent {
  readonly type: string;
  readonly data: string;
  /** The last id that the server sent, with this event or before it. */
  readonly id: string | undefined;
}

export class EventParser {
  private rest = '';
  private type = '';
  private data: string[] = [];
  private id: string | undefined;

  /** Takes the next piece of the stream. Returns the events that it completes. */
  push(text: string): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop()!;
    for (const line of lines) {
      const event = this.takeLine(line.endsWith('\r') ? line.slice(0, -1) : line);
      if (event) events.push(event);
    }
    return events;
  }

  private takeLine(line: string): ServerSentEvent | undefined {
    if (line === '') return this.dispatch();
    // A line that begins with a colon is a comment, such as a heartbeat.
    const [, name, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!;
    if (name === 'event') this.type = value ?? '';
    else if (name === 'data') this.data.push(value ?? '');
    else if (name === 'id') this.id = value ?? '';
    return undefined;
  }

  private dispatch(): ServerSentEvent | undefined {
    const [type, data] = [this.type || 'message', this.data];
    this.type = '';
    this.data = [];
    return data.length > 0 ? { type, data: data.join('\n'), id: this.id } : undefined;
  }
}
