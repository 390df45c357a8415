import { InitialSchema1795520000000 } from './1795520000000-initial-schema';

/** In order. */
export const migrations = [InitialSchema1795520000000];
