import { startServiceBusEmulator } from '@busbar/service-bus-emulator';

/** What a process held that was killed comes after it: the demo does not wait for a minute, which is the default. */
const lockDurationMs = 5_000;

/** An Azure Service Bus in this process, and its URL. */
export async function startServiceBus(): Promise<AsyncDisposable & { readonly url: string }> {
  const emulator = await startServiceBusEmulator();
  const { host, port } = emulator;
  console.error(`An emulator of Azure Service Bus was started, on port ${port}.`);
  return {
    url: `sb://RootManageSharedAccessKey:emulated@${host}:${port}?emulator=true&lockDurationMs=${lockDurationMs}`,
    [Symbol.asyncDispose]: () => emulator.stop(),
  };
}
