import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClaimCheckConfig, Command, directoryStore, handler, systemClock } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { expect, onTestFinished, test } from 'vitest';

class ImportCatalogue extends Command('Shop.ImportCatalogue')<{ text: string }> {}

test('should keep large bodies in a directory', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'busbar-claims-'));
  onTestFinished(() => rm(folder, { recursive: true }));

  // #region store
  const store = directoryStore(folder);
  const claimCheck: ClaimCheckConfig = {
    store,
    thresholdBytes: 100_000, // larger bodies are stored
    keepFor: '30d', // longer than any message stays in the error queue
  };
  // #endregion

  await using harness = createHarness({ clock: systemClock });
  let length = 0;
  const importCatalogue = handler(ImportCatalogue, ({ text }) => {
    length = text.length;
  });
  const shop = harness.endpoint('shop', { handlers: [importCatalogue], claimCheck });
  await harness.start();
  await shop.sendLocal(new ImportCatalogue({ text: 'x'.repeat(1_000_000) }));
  await harness.settled();
  expect(length).toBe(1_000_000);
  const [record] = harness.outgoing;
  expect(record?.body.byteLength).toBe(0);
});
