import { brokerForTests } from '../../../test/support/rabbitmq/broker-for-tests.ts';
import { conform } from './support/conform.ts';

const rabbit = await brokerForTests('3');

rabbit.register('rabbitmq 3, quorum queues', (broker) => conform(broker, 'quorum'));
