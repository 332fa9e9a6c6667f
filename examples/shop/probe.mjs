// Health check: exit 0 when the URL answers 2xx.
const response = await fetch(process.argv[2], { signal: AbortSignal.timeout(2000) });
console.log(response.status);
process.exitCode = response.ok ? 0 : 1;
