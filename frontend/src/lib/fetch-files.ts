/** A file of the app that the server has no more: another version of the app lies there now. */
export class FileGone extends Error {
  override name = "FileGone";
}

const GONE = new Set([403, 404, 410]);
const here = new Set<string>();

/**
 * Have files of the app in the browser's cache before they are imported: a browser remembers an
 * import that failed for as long as the window lives, a fetch that failed it does not. Throws
 * `FileGone`, or what `fetch` throws.
 */
export async function fetchFiles(addresses: readonly string[]): Promise<void> {
  await Promise.all(addresses.filter((one) => !here.has(one)).map(fetchFile));
}

async function fetchFile(address: string): Promise<void> {
  const response = await fetch(address);
  if (GONE.has(response.status)) {
    throw new FileGone(address);
  }
  if (!response.ok) {
    throw new Error(`${address} was answered with ${response.status}.`);
  }
  await response.arrayBuffer(); // The cache keeps what was read to its end.
  here.add(address);
}
