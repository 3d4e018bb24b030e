import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { abandonTests } from '../data-layers/abandon-tests.ts';
import { loadClient } from './generate-client.ts';
import { prismaLibrary } from './prisma-library.ts';

const postgres = await postgresForTests();
const client = await loadClient();

postgres.register('prisma', (server) => abandonTests(server, prismaLibrary(client)));
