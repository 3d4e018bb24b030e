import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaLayer } from '../../src/prisma/prisma-layer.ts';
import { prismaPersistence } from '../../src/prisma/index.ts';
import type { Library } from '../data-layers/library.ts';
import type { GeneratedModule, GeneratedTransaction } from './generate-client.ts';

export function prismaLibrary({ PrismaClient }: GeneratedModule): Library<GeneratedTransaction> {
  return {
    name: 'prisma',
    tellsLoss: false,
    open: async (database, max) => {
      const client = new PrismaClient({
        adapter: new PrismaPg({ connectionString: database.url, max }),
      });
      return {
        layer: new PrismaLayer(client),
        persistence: (options) => prismaPersistence(client, options),
        addAccount: async (transaction, id) => {
          await transaction.account.create({ data: { id, balance: 7 } });
        },
        query: async (transaction, text) => transaction.$queryRawUnsafe(text),
        transaction: (work) => client.$transaction(work),
        close: () => client.$disconnect(),
      };
    },
  };
}
