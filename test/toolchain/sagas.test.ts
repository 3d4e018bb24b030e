import { createEndpoint, memoryPersistence, memoryTransport, sagaDiagram } from '@busbar/core';
import { expect, test } from 'vitest';
import { ShippingSaga, SpecialShippingSaga, refusedSagas } from './sagas.ts';

const sagasOf = (...sagas: (typeof ShippingSaga)[]) =>
  createEndpoint('toolchain', {
    transport: memoryTransport(),
    persistence: memoryPersistence(),
    sagas,
  }).diagnostics().sagas;

test('should find decorated methods in the order of their source', () => {
  expect(sagasOf(ShippingSaga)).toEqual({
    'Toolchain.Shipping': [
      'startedBy Toolchain.OrderBilled',
      'startedBy Toolchain.OrderPacked',
      'continuedBy Toolchain.CancelShipping',
      'onReply Toolchain.Quote',
      'onTimeout Toolchain.Deadline',
    ],
  });
});

test('should find inherited methods, as the subclass has them', () => {
  expect(sagasOf(ShippingSaga, SpecialShippingSaga)['Toolchain.SpecialShipping']).toEqual([
    'startedBy Toolchain.OrderBilled',
    'startedBy Toolchain.OrderPacked',
    'continuedBy Toolchain.CancelShipping',
    'onTimeout Toolchain.Deadline',
    'onReply Toolchain.Quote',
  ]);
});

test('should draw a class', () => {
  expect(sagaDiagram(ShippingSaga)).toContain(
    'saga --> [*] : Toolchain.OrderBilled / Toolchain.Quote',
  );
});

test('should write nothing onto the methods, the prototype or the class', () => {
  expect(Reflect.ownKeys(ShippingSaga.prototype.late)).not.toContain('metadata');
  expect(Reflect.ownKeys(ShippingSaga).filter((key) => key !== Symbol.metadata)).toEqual([
    'length',
    'name',
    'prototype',
  ]);
});

test('should refuse a static method when the class is made', () => {
  expect(refusedSagas).toThrow("@onTimeout(Deadline) cannot be on 'on': it is static.");
});
