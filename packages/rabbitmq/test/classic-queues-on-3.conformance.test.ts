import { brokerForTests } from '../../../test/support/rabbitmq/broker-for-tests.ts';
import { conform } from './support/conform.ts';

const rabbit = await brokerForTests('3');

rabbit.register('rabbitmq 3, classic queues', (broker) => conform(broker, 'classic'));
