import { type EntityManager, DataSource, EntitySchema } from 'typeorm';
import { TypeormLayer } from '../../src/typeorm/typeorm-layer.ts';
import { typeormPersistence } from '../../src/typeorm/index.ts';
import type { Library } from '../data-layers/library.ts';

const accounts = new EntitySchema<{ id: string; balance: number }>({
  name: 'accounts',
  columns: {
    id: { type: 'text', primary: true },
    balance: { type: 'integer', name: 'account_balance' },
  },
});

export const typeormLibrary: Library<EntityManager> = {
  name: 'typeorm',
  tellsLoss: true,
  open: async (database, max) => {
    const dataSource = new DataSource({
      type: 'postgres',
      url: database.url,
      poolSize: max,
      entities: [accounts],
      poolErrorHandler: () => {},
    });
    await dataSource.initialize();
    return {
      layer: new TypeormLayer(dataSource),
      persistence: (options) => typeormPersistence(dataSource, options),
      addAccount: async (manager, id) => {
        await manager.getRepository(accounts).insert({ id, balance: 7 });
      },
      query: (manager, text) => manager.query(text),
      transaction: (work) => dataSource.transaction(work),
      close: () => dataSource.destroy(),
    };
  },
};
