import { APP, Measure, USUAL_HOUSE } from '../bench';
import { ratio, spread, takeTurns } from '../comparison';
import { get, runLoad } from '../http-load';
import { startServer } from '../server';

/** Seat maps a second, of all shows in turn, so that readers seldom share a query. */
export const seatMaps: Measure = async ({ databases, clients, seconds, rounds, log }) => {
  const house = await databases.open(USUAL_HOUSE);
  const server = await startServer({ DATABASE_URL: house.databaseUrl }, [], APP);
  try {
    const requests = (path: string) => house.showIds.map((id) => get(`${path}?show_id=${id}`));
    const round = (texts: readonly string[]) => async () => {
      const result = await runLoad({
        port: server.port,
        clients,
        seconds,
        request: (client, k) => texts[(client + k * clients) % texts.length],
      });
      if (result.counts['200'] !== result.answers) throw new Error(`Wrong answers: ${JSON.stringify(result.counts)}`);
      return result.answers / result.seconds;
    };
    const figures = await takeTurns(rounds, { maps: round(requests('/api/seats/')), static: round(requests('/bench/seats/')) }, log);
    return [
      {
        measure: `seat maps of ${house.size.rows * house.size.seatsPerRow} seats, ${clients} clients`,
        comparedWith: 'a static answer of the same size',
        result: ratio(figures.maps, figures.static),
        aim: { atLeast: 0.5 },
        figures: `${spread(figures.maps).median.toFixed(0)}/s against ${spread(figures.static).median.toFixed(0)}/s`,
      },
    ];
  } finally {
    await server.stop();
    await house.close();
  }
};
