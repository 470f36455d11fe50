/** The parts of an in-memory file system of emscripten that are needed to put it back to an earlier state. */
export interface MemoryFileSystem {
  /** By file descriptor. */
  streams: (OpenFile | null)[];
  lookupPath(path: string): { readonly node: FileNode };
  isDir(mode: number): boolean;
  hashAddNode(node: FileNode): void;
  hashRemoveNode(node: FileNode): void;
}

interface FileNode {
  readonly name: string;
  readonly mode: number;
  /** Bytes of a file, signed or not, or the nodes of a folder. */
  contents: Uint8Array | Int8Array | Record<string, FileNode> | null;
  usedBytes: number;
}

interface OpenFile {
  /** Null once it is closed. */
  fd: number | null;
  readonly shared: { position: number; refcnt: number };
}

interface KeptFile {
  readonly node: FileNode;
  readonly usedBytes: number;
  readonly contents: Uint8Array;
}

/**
 * The files below a folder as they were at one moment: some ten megabytes. Left out are the write-ahead log, which nothing
 * reads while the server runs, and the template databases, which nothing touches.
 */
export class FileSnapshot {
  readonly #fileSystem: MemoryFileSystem;
  readonly #streams: readonly { readonly file: OpenFile | null; readonly position: number; readonly refcnt: number }[];
  readonly #files: KeptFile[] = [];
  readonly #folders = new Map<FileNode, Record<string, FileNode>>();

  private constructor(fileSystem: MemoryFileSystem) {
    this.#fileSystem = fileSystem;
    this.#streams = fileSystem.streams.map((file) => ({
      file,
      position: file?.shared.position ?? 0,
      refcnt: file?.shared.refcnt ?? 0,
    }));
  }

  static take(fileSystem: MemoryFileSystem, path: string): FileSnapshot {
    const snapshot = new FileSnapshot(fileSystem);
    snapshot.#visit(fileSystem.lookupPath(path).node);
    return snapshot;
  }

  restore(): void {
    for (const [folder, kept] of this.#folders) this.#restoreFolder(folder, kept);
    for (const { node, contents, usedBytes } of this.#files) {
      if (node.contents instanceof Uint8Array && node.contents.length >= usedBytes) node.contents.set(contents);
      else node.contents = contents.slice();
      node.usedBytes = usedBytes;
    }
    this.#reopenStreams();
  }

  #reopenStreams(): void {
    const { streams } = this.#fileSystem;
    streams.length = 0;
    for (const [fd, { file, position, refcnt }] of this.#streams.entries()) {
      streams[fd] = file;
      if (!file) continue;
      file.fd = fd;
      Object.assign(file.shared, { position, refcnt });
    }
  }

  #visit(folder: FileNode): void {
    const entries = { ...entriesOf(folder) };
    this.#folders.set(folder, entries);
    for (const node of Object.values(entries)) {
      if (LEFT_OUT.has(node.name)) continue;
      if (this.#fileSystem.isDir(node.mode)) this.#visit(node);
      else this.#files.push({ node, usedBytes: node.usedBytes, contents: contentsOf(node) });
    }
  }

  #restoreFolder(folder: FileNode, kept: Record<string, FileNode>): void {
    const present = entriesOf(folder);
    for (const [name, node] of Object.entries(present)) {
      if (kept[name] === node) continue;
      this.#fileSystem.hashRemoveNode(node);
      delete present[name];
    }
    for (const [name, node] of Object.entries(kept)) {
      if (present[name] === node) continue;
      present[name] = node;
      this.#fileSystem.hashAddNode(node);
    }
  }
}

function entriesOf({ contents }: FileNode): Record<string, FileNode> {
  if (contents === null || contents instanceof Uint8Array || contents instanceof Int8Array)
    throw new Error('A file is not a folder.');
  return contents;
}

function contentsOf({ contents, usedBytes }: FileNode): Uint8Array {
  if (!(contents instanceof Uint8Array || contents instanceof Int8Array)) return new Uint8Array(0);
  return new Uint8Array(contents.buffer, contents.byteOffset, usedBytes).slice();
}

/** 1 and 4 are the folders of template1 and template0. */
const LEFT_OUT: ReadonlySet<string> = new Set(['pg_wal', '1', '4']);
