import type { MessageType } from '../message/message-brand.ts';
import { definitionOf } from '../message/message-definition.ts';
import {
  type SagaBinding,
  type SagaDescription,
  type SagaEntry,
  isSaga,
  sagaDescription,
} from './saga-description.ts';
import { readSagaClass } from './saga-methods.ts';

/**
 * A saga as a Mermaid diagram: what starts it, what goes on, what ends it. What its handlers send, which timeouts they
 * request and whether they complete it is drawn as far as the definition says so.
 *
 * @throws BusbarError INVALID_SAGA for a class that is no saga
 */
export function sagaDiagram(saga: SagaEntry, kind: 'state' | 'sequence' = 'state'): string {
  const description = isSaga(saga) ? saga[sagaDescription] : readSagaClass(saga);
  const lines = kind === 'state' ? stateLines(description) : sequenceLines(description);
  return `${lines.join('\n')}\n`;
}

function stateLines({ name, bindings }: SagaDescription): readonly string[] {
  return [
    'stateDiagram-v2',
    `  state "${text(name)}" as saga`,
    ...bindings.flatMap((binding) => {
      const label = stateLabel(binding);
      return [
        ...(binding.role === 'startedBy' ? [`  [*] --> saga : ${label}`] : []),
        `  saga --> saga : ${label}`,
        ...(binding.hints.completes === true ? [`  saga --> [*] : ${label}`] : []),
      ];
    }),
  ];
}

/** `Billing.OrderBilled / Shipping.ShipOrder`: what came, and what leaves then. */
function stateLabel({ role, messageDefinition, hints }: SagaBinding): string {
  const cause = `${text(messageDefinition.name)}${suffixes[role]}`;
  const effects = [
    ...namesOf(hints.sends),
    ...namesOf(hints.requestsTimeout).map((name) => `${name}${suffixes.onTimeout}`),
  ];
  return effects.length === 0 ? cause : `${cause} / ${effects.join(', ')}`;
}

const suffixes = {
  startedBy: '',
  continuedBy: '',
  onReply: ' (reply)',
  onTimeout: ' (timeout)',
} as const satisfies Record<SagaBinding['role'], string>;

function sequenceLines({ name, bindings }: SagaDescription): readonly string[] {
  return [
    'sequenceDiagram',
    '  participant others as Others',
    `  participant saga as ${text(name)}`,
    ...bindings.flatMap((binding) => {
      const { role, messageDefinition, hints } = binding;
      const arrow = role === 'onReply' ? '-->>' : '->>';
      const from = role === 'onTimeout' ? 'saga' : 'others';
      const caused = `${from}${arrow}saga: ${text(messageDefinition.name)}${suffixes[role]}`;
      return [
        `  ${caused}`,
        ...(role === 'startedBy' ? ['  Note over saga: starts, unless it is there already'] : []),
        ...namesOf(hints.sends).map((sent) => `  saga->>others: ${sent}`),
        ...namesOf(hints.requestsTimeout).map((sent) => `  saga-)saga: requests ${sent}`),
        ...(hints.completes === true ? ['  Note over saga: may complete'] : []),
      ];
    }),
  ];
}

function namesOf(types: readonly MessageType[] = []): readonly string[] {
  return types.map((type) => text(definitionOf(type).name));
}

/** What means something to Mermaid, as its character code. */
function text(name: string): string {
  return name.replace(/[^\p{L}\p{N}._\- ]/gu, (character) => `#${character.codePointAt(0)};`);
}
