import { BusbarError } from '@busbar/core';
import { fromUrl } from '@busbar/sqs';
import { describe, expect, test } from 'vitest';

function errorOf(url: string): BusbarError {
  try {
    fromUrl(url);
  } catch (error) {
    if (error instanceof BusbarError) return error;
  }
  throw new Error(`${url} was accepted`);
}

describe('fromUrl', () => {
  test.each([
    ['sqs://eu-west-1', 'sqs://eu-west-1'],
    ['sqs://', 'sqs://'],
    ['sqs:', 'sqs://'],
    ['SQS://EU-WEST-1/', 'sqs://eu-west-1'],
    ['sqs://us-gov-west-1?queuePrefix=ci-', 'sqs://us-gov-west-1?queuePrefix=ci-'],
    [
      'sqs://id:secret%2Fkey@us-east-1?endpoint=http://localhost:4566&pollSeconds=5&fairQueues=false',
      'sqs://us-east-1?endpoint=http://localhost:4566',
    ],
  ])('should read %s', (url, address) => {
    const transport = fromUrl(url);
    expect(transport.name).toBe('sqs');
    expect(transport.address).toBe(address);
  });

  test('should offer a claim store when the URL names a bucket', () => {
    expect(fromUrl('sqs://eu-west-1').claimStore).toBeUndefined();
    expect(fromUrl('sqs://eu-west-1?bucket=my-bodies').claimStore?.name).toBe(
      's3://my-bodies/busbar/',
    );
  });

  test.each([
    ['sqs://eu_west_1', 'INVALID_CONFIGURATION', /"region"/],
    ['sqs://eu-west-1/queue', 'INVALID_CONFIGURATION', /sqs:\/\/region/],
    ['sqs://id@eu-west-1', 'INVALID_CONFIGURATION', /accessKeyId:secretAccessKey/],
    ['sqs://id:%ZZ@eu-west-1', 'INVALID_CONFIGURATION', /URL-encoded/],
    ['sqs://eu-west-1?colour=red', 'UNKNOWN_OPTION', /"colour".*queuePrefix/s],
    ['sqs://eu-west-1?pollSeconds=5&pollSeconds=6', 'INVALID_CONFIGURATION', /twice/],
    ['sqs://eu-west-1?pollSeconds=21', 'INVALID_CONFIGURATION', /from 1 to 20/],
    ['sqs://eu-west-1?retentionSeconds=900', 'INVALID_CONFIGURATION', /from 3600 to 1209600/],
    ['sqs://eu-west-1?visibilitySeconds=soon', 'INVALID_CONFIGURATION', /"visibilitySeconds"/],
    ['sqs://eu-west-1?endpoint=localhost:4566', 'INVALID_CONFIGURATION', /"endpoint"/],
    ['sqs://eu-west-1?queuePrefix=a.b', 'INVALID_CONFIGURATION', /"queuePrefix"/],
    ['sqs://eu-west-1?bucket=No', 'INVALID_CONFIGURATION', /"bucket"/],
    ['sqs://eu-west-1?fairQueues=maybe', 'INVALID_CONFIGURATION', /true or false/],
    ['sqs://eu-west-1?provisioning=never', 'INVALID_CONFIGURATION', /'policies'/],
  ])('should refuse %s', (url, code, text) => {
    const error = errorOf(url);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(text);
  });

  test('should show no secret in an error', () => {
    const error = errorOf('sqs://AKIA:topsecret@eu-west-1?colour=red');
    expect(JSON.stringify([error.message, error.help, error.details])).not.toContain('topsecret');
  });
});
