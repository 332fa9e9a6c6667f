export { openRegistryClient, type RegistryClient, type RegistryOptions } from './registry/client.ts';
export { isLoopback } from './registry/endpoint.ts';
