/**
 * node:http without its price: an `import` of it evaluates every export, and with that Node's whole fetch
 * implementation (25 ms in each process that starts); this way only what is used is loaded.
 */
export const http = process.getBuiltinModule('node:http');
