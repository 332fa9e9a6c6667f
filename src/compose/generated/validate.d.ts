export interface SchemaError {
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Checks a merged file; what is wrong is in `errors` afterwards. */
declare const validate: { (data: unknown): boolean; errors: readonly SchemaError[] | null };
export default validate;
