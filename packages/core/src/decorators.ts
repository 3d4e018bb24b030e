/*
 * The one entry with side effects. Compilers of standard decorators keep metadata under Symbol.metadata and give none
 * where the engine does not define it; this module runs before any class that uses its decorators.
 */
if ((Symbol as { metadata?: symbol }).metadata === undefined) {
  Object.defineProperty(Symbol, 'metadata', { value: Symbol.for('Symbol.metadata') });
}

export { type HandlerMethod, type HandlesDecorator, handles } from './decorators/handles.ts';
export { type SagaDecorator, saga } from './decorators/saga.ts';
export {
  type NotFoundDecorator,
  type NotFoundMethod,
  type SagaMethod,
  type SagaMethodDecorator,
  continuedBy,
  onNotFound,
  onReply,
  onTimeout,
  startedBy,
} from './decorators/saga-methods.ts';
