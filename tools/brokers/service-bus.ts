import { startServiceBusEmulator } from '@busbar/service-bus-emulator';

/** An Azure Service Bus in this process, and its URL. */
export async function startServiceBus(): Promise<AsyncDisposable & { readonly url: string }> {
  const emulator = await startServiceBusEmulator();
  const { host, port } = emulator;
  console.error(`An emulator of Azure Service Bus was started, on port ${port}.`);
  return {
    url: `sb://RootManageSharedAccessKey:emulated@${host}:${port}?emulator=true`,
    [Symbol.asyncDispose]: () => emulator.stop(),
  };
}
