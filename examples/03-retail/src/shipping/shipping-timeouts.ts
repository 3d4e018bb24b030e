import { Message } from '@busbar/core';

/** The order has waited for so long that somebody should hear of it. */
export class ReminderDue extends Message('Shipping.ReminderDue') {}

/** It has waited for too long. */
export class DeadlinePassed extends Message('Shipping.DeadlinePassed') {}
