/**
 * Lets the tabs of a browser share one event stream. Over HTTP/1.1 a browser opens six connections to a server for all its
 * tabs together: with a stream each, six tabs leave none for commands, and a seventh does not even load.
 *
 *     const live = new LiveSeats({ …, fetch: shareBetweenTabs() });
 *
 * One tab, the one that has the Web Lock, reads the stream and passes its events on through a BroadcastChannel. The others
 * read the seat map once and then listen. When that tab closes, or loses its connection, the lock goes to another one,
 * which asks the server for what came after the last event that all have seen.
 */

/** Ends an event (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
const END = '\n\n';
const LAST_EVENT_ID = 'last-event-id';
/** The stream of a show; its map is at another address of the same server. */
const STREAM_PATH = /\/api\/shows\/(\d+)\/events\/$/;

/** The part of the Web Locks API that is used here. */
interface Locks {
  request(
    name: string,
    options: { ifAvailable?: boolean; signal?: AbortSignal },
    callback: (lock: object | null) => unknown,
  ): Promise<unknown>;
}

type Fetch = typeof fetch;
type Body = ReadableStream<Uint8Array>;

/**
 * A fetch for event streams. Where a browser has no Web Locks, as on pages that come neither over HTTPS nor from this
 * machine, it is the plain one, and each tab has a stream of its own.
 *
 * @param viewer whose marks are in the stream, for example the holder's id. Tabs of different viewers share nothing. The
 *   default is for streams without a token
 */
export function shareBetweenTabs(viewer = '', call: Fetch = (input, init) => fetch(input, init)): Fetch {
  const locks = (globalThis as { navigator?: { locks?: Locks } }).navigator?.locks;
  if (!locks || typeof BroadcastChannel === 'undefined') return call;
  return async (input, init = {}) => {
    const url = String(input);
    const name = `rowlock ${viewer} ${url}`;
    const release = await take(locks, name, { ifAvailable: true });
    return release ? lead(call, url, init, name, release) : follow(call, url, init, name, locks);
  };
}

/** Takes a lock. Returns its release; undefined when another tab has it and it was to be had at once or not at all. */
function take(
  locks: Locks,
  name: string,
  options: { ifAvailable?: boolean; signal?: AbortSignal },
): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    const held = (lock: object | null) =>
      lock ? new Promise<void>((release) => resolve(release)) : resolve(undefined);
    locks.request(name, options, held).catch(reject);
  });
}

/** Reads the stream, for this tab and the others. */
async function lead(call: Fetch, url: string, init: RequestInit, name: string, release: () => void): Promise<Response> {
  const channel = new BroadcastChannel(name);
  const leave = () => {
    channel.close();
    release();
  };
  init.signal?.addEventListener('abort', leave);
  try {
    const response = await call(url, init);
    if (!response.ok || !response.body) {
      leave();
      return response;
    }
    const events = eventsOf(response.body, (event) => channel.postMessage(event), leave);
    return new Response(events, { status: response.status, headers: response.headers });
  } catch (error) {
    leave();
    throw error;
  }
}

/** Listens to the tab that leads, and takes its place when it is gone. */
async function follow(call: Fetch, url: string, init: RequestInit, name: string, locks: Locks): Promise<Response> {
  const { [LAST_EVENT_ID]: seen, ...headers } = Object.fromEntries(new Headers(init.headers));
  const signal = init.signal ?? undefined;
  const channel = new BroadcastChannel(name);
  let lastEventId = seen;
  let output: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** Events that come before the map does. It may be older than they are, so they go behind it. */
  const early: string[] = [];
  const put = (event: string) => {
    lastEventId = /^id: ?(.*)$/m.exec(event)?.[1] ?? lastEventId;
    if (output) output.enqueue(new TextEncoder().encode(event));
    else early.push(event);
  };
  const leave = () => {
    channel.close();
    output = undefined;
  };
  channel.onmessage = ({ data }) => put(data as string);
  signal?.addEventListener('abort', leave);
  try {
    const map = await call(url.replace(STREAM_PATH, '/api/seats/?show_id=$1'), {
      headers: { ...headers, accept: 'application/json' },
      ...(signal ? { signal } : {}),
    });
    if (!map.ok) {
      leave();
      return map;
    }
    const snapshot = `event: snapshot\ndata: ${await map.text()}${END}`;
    const body: Body = new ReadableStream({
      start(controller) {
        output = controller;
        put(snapshot);
        for (const event of early.splice(0)) put(event);
      },
      cancel: leave,
    });
    void succeed();
    return new Response(body, { status: map.status });
  } catch (error) {
    leave();
    throw error;
  }

  async function succeed(): Promise<void> {
    try {
      const release = await take(locks, name, signal ? { signal } : {});
      if (!output || signal?.aborted) return release?.();
      channel.close();
      const { signal: _, ...rest } = init;
      const asked = { ...headers, ...(lastEventId === undefined ? {} : { [LAST_EVENT_ID]: lastEventId }) };
      const led = await lead(call, url, { ...rest, headers: asked, ...(signal ? { signal } : {}) }, name, () =>
        release?.(),
      );
      if (!led.ok || !led.body) throw new Error(`The server answered ${led.status}.`);
      const reader = led.body.getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) output?.enqueue(part.value);
      output?.close();
    } catch (error) {
      // An abort, a server that is away, or an answer that is no stream: the client of this stream connects anew.
      output?.error(error);
    } finally {
      leave();
    }
  }
}

/** A body as it is, with its events told whole on the way. */
function eventsOf(body: Body, onEvent: (event: string) => void, onEnd: () => void): Body {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  return new ReadableStream({
    async pull(output) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          onEnd();
          return output.close();
        }
        const parts = (rest + decoder.decode(value, { stream: true })).split(END);
        rest = parts.pop()!;
        for (const part of parts) onEvent(part + END);
        output.enqueue(value);
      } catch (error) {
        onEnd();
        output.error(error);
      }
    },
    cancel(reason) {
      onEnd();
      return reader.cancel(reason);
    },
  });
}
