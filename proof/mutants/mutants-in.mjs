/**
 * Small faults in one file, each of which one of the tests must find within a minute.
 *
 * @param file by its path from the root
 * @param tests files that are run against each of the faults
 * @param faults by name: a text that is exactly once in the file, and by what it is replaced; where a whole test file would
 *   wait too long for an event that can't come, also a part of the names of the tests to run
 */
export function mutantsIn(file, tests, faults) {
  return Object.entries(faults).map(([name, [find, replace, only]]) => ({ name, file, tests, find, replace, only }));
}
