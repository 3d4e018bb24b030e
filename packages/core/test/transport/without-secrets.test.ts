import { withoutSecrets } from '@busbar/core';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

test.each([
  ['amqp://guest:s3cret@broker:5672/orders?heartbeat=5', 'amqp://broker:5672/orders?heartbeat=5'],
  ['amqps://broker', 'amqps://broker'],
  ['amqp://user:p#a/s?s@w@broker/orders', 'amqp://broker/orders'],
  ['amqp:user:s3cret@broker', 'amqp:broker'],
  [
    'sqs://eu-west-1?accessKeyId=A&secretAccessKey=s3cret&endpoint=http',
    'sqs://eu-west-1?endpoint=http',
  ],
  ['sqs://eu-west-1?queue=a;password=s3cret', 'sqs://eu-west-1?queue=a'],
  ['sqs://eu-west-1?%70assword=s3cret&%zz=s3cret', 'sqs://eu-west-1'],
  ['sb://shop.example/;SharedAccessKeyName=root;SharedAccessKey=s3c/ret=', 'sb://shop.example/'],
  ['amqp://broker/orders#s3cret', 'amqp://broker/orders'],
  ['sqlite:.busbar/dev.db', 'sqlite:.busbar/dev.db'],
  ['sqlite:/data/#1/a@b.db?mode=wal', 'sqlite:/data/#1/a@b.db?mode=wal'],
  ['memory:', 'memory:'],
])('should show of %s no more than %s', (url, shown) => {
  expect(withoutSecrets(url)).toBe(shown);
});

test('should never show a password, however it is written', () => {
  const password = fc.string({ unit: 'grapheme' }).map((text) => `<${text}>`);
  fc.assert(
    fc.property(password, fc.boolean(), (raw, encoded) => {
      const written = encoded ? encodeURIComponent(raw) : raw;
      expect(withoutSecrets(`amqp://user:${written}@broker/orders?heartbeat=5`)).toBe(
        'amqp://broker/orders?heartbeat=5',
      );
    }),
  );
});
