export { inversify } from './inversify.ts';
export type { ContainerScopeOptions, InversifyOptions, RootScopeOptions } from './inversify.ts';
export { bindMessageScoped } from './bind-message-scoped.ts';
export { CurrentMessage } from './current-message.ts';
export { currentMessage } from './message-scope.ts';
