import { brokerForTests } from '../../../test/support/rabbitmq/broker-for-tests.ts';
import { conform } from './support/conform.ts';

const rabbit = await brokerForTests('4');

rabbit.register('rabbitmq 4, quorum queues', (broker) => conform(broker, 'quorum'));
