/**
 * What a private node is started from, for a test file that stops, kills or configures its broker:
 *
 *     const rabbit = await programsForTests('4'); // or of any version
 *
 *     rabbit.register('when ...', (programs) => {
 *       let node: PrivateNode;
 *       beforeAll(async () => void (node = await startPrivateNode({ programs })), 60_000);
 *       afterAll(() => node.destroy());
 *       test('should ...', ...);
 *     });
 *
 * or, in a test with a node of its own, `startPrivateNode({ programs: rabbit.orSkip(context) })`.
 */
import { ForTests } from './for-tests.ts';
import { type RabbitMajor, type RabbitPrograms, findPrograms } from './rabbitmq-programs.ts';

export async function programsForTests(major?: RabbitMajor): Promise<ForTests<RabbitPrograms>> {
  try {
    return new ForTests({ value: await findPrograms(major) });
  } catch (error) {
    return new ForTests<RabbitPrograms>({
      reason: error instanceof Error ? error.message : String(error),
    });
  }
}
