import type { PersistenceConnection, PersistenceHost } from '@busbar/core';
import type { DataLayer } from './data-layer.ts';
import type { PostgresSettings } from './postgres-options.ts';

export const PostgresConnection = {
  open<Transaction>(
    _layer: DataLayer<Transaction>,
    _settings: PostgresSettings,
    _host: PersistenceHost,
  ): Promise<PersistenceConnection<Transaction>> {
    return Promise.reject(new Error('Being written.'));
  },
};
