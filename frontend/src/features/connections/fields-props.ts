import type { ConnectionValues } from "./connection-values";

/** What each section of the form gets. */
export interface FieldsProps {
  values: ConnectionValues;
  set: (changes: Partial<ConnectionValues>) => void;
  /** The API's message about a field: `errorOf("/host")`. */
  errorOf: (path: string) => string | undefined;
  /** It may be seen and not changed. */
  isDisabled: boolean;
}
