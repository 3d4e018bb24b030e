import type { BusbarError } from '@busbar/core';
import { fromUrl, transportApiVersion } from '@busbar/azure-service-bus';
import { describe, expect, test } from 'vitest';

function refusal(url: string): BusbarError {
  try {
    fromUrl(url);
  } catch (error) {
    return error as BusbarError;
  }
  throw new Error('it was accepted');
}

describe('the URL of an Azure Service Bus transport', () => {
  test('should be one that the core of this version takes', () => {
    expect(transportApiVersion).toBe(1);
  });

  test.each([
    ['sb://policy:key@shop.servicebus.windows.net', 'sb://shop.servicebus.windows.net'],
    ['SB://policy:key@shop.servicebus.windows.net/', 'sb://shop.servicebus.windows.net'],
    ['sb://policy:a+b/c=@shop.servicebus.windows.net', 'sb://shop.servicebus.windows.net'],
    ['sb://policy:a%2Fb%3D@127.0.0.1:5672?emulator=true', 'sb://127.0.0.1:5672'],
    [
      'sb:Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=a=',
      'sb://shop.servicebus.windows.net',
    ],
  ])('should be read: %s', (url, address) => {
    expect(fromUrl(url).address).toBe(address);
  });

  test('should carry options', () => {
    const { capabilities } = fromUrl(
      'sb://policy:key@host?maxMessageBytes=1048576&prefetchFactor=3',
    );
    expect(capabilities.maxBodyBytes).toBe(1_048_576 - 65_536);
    expect(fromUrl('sb://policy:key@host?administration=false').name).toBe('azure-service-bus');
  });

  test.each([
    ['sb://shop.servicebus.windows.net', 'option "credential"', 'key for shop.servicebus'],
    ['sb://policy@host', 'names a policy without its key', 'sb://policy:key@host'],
    ['sb://policy:secret%@host', 'a % in its policy or key', 'sb://policy:key@host'],
    ['sb://policy:secret@ho st', 'names no host', 'Endpoint=sb://'],
    ['sb://policy:secret@host:70000', 'names no host', 'Endpoint=sb://'],
    ['sb://policy:secret@host?emulator=yes', 'emulator=yes', 'true or false'],
    ['sb://policy:secret@host?lockDurationMs=1&lockDurationMs=2', 'twice', 'lockDurationMs'],
    ['sb://policy:secret@host?lockDurationMs=1', '"lockDurationMs"', 'from 5000 to 300000'],
    ['sb:Endpoint=sb://host;SharedAccessKeyName=Root', 'no SharedAccessKey', 'Endpoint=sb://'],
    ['sb:Endpoint=sb://host;SharedAccessKey=secret', 'no SharedAccessKeyName', 'Endpoint=sb://'],
    ['sb:SharedAccessKeyName=Root;SharedAccessKey=secret', 'no Endpoint', 'Endpoint=sb://'],
    ['sb:Endpoint=host;SharedAccessKeyName=R;SharedAccessKey=secret', 'no sb:// address', 'Copy'],
    ['sb:Endpoint=sb://host;secret', 'a part that is none of', 'EntityPath'],
    [
      'sb:Endpoint=sb://host;SharedAccessKeyName=R;SharedAccessKey=secret;EntityPath=q',
      'has an EntityPath',
      'for one queue or topic',
    ],
  ])('should be refused without its secrets: %s', (url, what, more) => {
    const error = refusal(url);
    expect(error.code).toBe('INVALID_CONFIGURATION');
    expect(error.message).toContain(what);
    expect(error.message).toContain(more);
    expect(JSON.stringify(error) + error.stack).not.toContain('secret');
  });

  test.each([
    ['that does not exist', 'prefetch'],
    ['that no text can give', 'nativeMessages'],
  ])('should name a parameter %s, and those that do', (_what, name) => {
    const error = refusal(`sb://policy:key@host?${name}=5`);
    expect(error.code).toBe('UNKNOWN_OPTION');
    expect(error.message).toContain(`"${name}"`);
    expect(error.help).toContain('prefetchFactor');
  });
});
