/** The part of the SDK's request that the policy changes. */
export interface AdministrationHttpRequest {
  /** With its scheme. */
  url: string;
  /** Without it the pipeline refuses HTTP. */
  allowInsecureConnection?: boolean | undefined;
}

/** A pipeline policy as `@azure/core-rest-pipeline` declares it, without a dependency on it. */
export interface AdministrationHttpPolicy {
  /** By which the pipeline tells policies apart. */
  readonly name: string;
  /** Changes the request and passes it on. */
  sendRequest<R extends AdministrationHttpRequest, A>(
    request: R,
    next: (request: R) => Promise<A>,
  ): Promise<A>;
}

/** What has a pipeline: a `ServiceBusAdministrationClient`. */
export interface HasPipeline {
  /** What a request passes through. */
  readonly pipeline: { addPolicy(policy: AdministrationHttpPolicy): void };
}

/**
 * Makes an administration client of the SDK speak HTTP, which the emulator understands: version 7.9 takes HTTPS even
 * from a connection string with `UseDevelopmentEmulator=true`. Returns the client.
 */
export function administrationOverHttp<C extends HasPipeline>(client: C): C {
  client.pipeline.addPolicy({
    name: 'administrationOverHttp',
    sendRequest: (request, next) => {
      request.url = request.url.replace(/^https:/i, 'http:');
      request.allowInsecureConnection = true;
      return next(request);
    },
  });
  return client;
}
