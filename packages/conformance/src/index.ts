export * from './transport-conformance.ts';
export * from './run-scenario-test.ts';
export * from './support/harness.ts';
export * from './support/scenario.ts';
export * from './support/sizes.ts';
export { transportScenarios } from './transport/transport-scenarios.ts';
