import { expect, test } from 'vitest';
import { makeAdministrationClient } from '../../src/connection/clients.ts';
import { checkOptions } from '../../src/service-bus-options.ts';
import { TopicDirectory } from '../../src/topology/topic-directory.ts';
import { openConnection } from '../support/open-connection.ts';

test('should ask only for what is new, has changed, or is the queue’s', async (context) => {
  await using open = await openConnection(context);
  const { control, connectionString } = open;
  const client = makeAdministrationClient(checkOptions({ connectionString }));
  if (client === undefined) throw new Error('there is no administration');
  let asked: string[] = [];
  client.pipeline.addPolicy({
    name: 'asked',
    sendRequest: (request, next) => {
      asked.push(new URL(request.url).pathname);
      return next(request);
    },
  });
  control.createQueue('sales');
  control.createQueue('other');
  control.createTopic('topic.Nobodys');
  control.createTopic('foreign');
  for (let index = 0; index < 20; index += 1) {
    control.createTopic(`topic.Event${index}`);
    control.createSubscription(`topic.Event${index}`, 'other', { forwardTo: 'other' });
  }
  control.createSubscription('topic.Event3', 'sales', { forwardTo: 'sales' });
  const directory = new TopicDirectory();
  const look = async (): Promise<readonly string[]> => {
    asked = [];
    return directory.topicsOf(client, 'sales');
  };
  expect(await look()).toEqual(['Event3']);
  expect(asked).toHaveLength(1 + 20);
  expect(await look()).toEqual(['Event3']);
  expect(asked).toHaveLength(1 + 1);
  control.createSubscription('topic.Event7', 'sales', { forwardTo: 'sales' });
  control.deleteEntity('topic.Event3/Subscriptions/sales');
  expect(await look()).toEqual(['Event7']);
  expect(asked).toHaveLength(1 + 2);
});
