/** A strategy as one CommonJS file. */
export interface Built {
  /** The file to run or to upload. */
  readonly file: string;
  /** Its source map; undefined for a file that was left alone. */
  readonly map: string | undefined;
  /** The author's file. */
  readonly entry: string;
  /** The nearest folder with a package.json. */
  readonly project: string;
  /** False for a plain CommonJS file that was left alone. */
  readonly bundled: boolean;
}

/**
 * Bundles TypeScript, ES modules and several files to one CommonJS file with a source map beside it, by the project's own esbuild.
 * A plain CommonJS file of its own is left alone unless `outfile` is given.
 *
 * Rejects with a `StrategyError` that names file, line and column of what cannot be bundled, and with a `SandpitError` when the file or
 * esbuild is missing.
 */
export declare function build(entry: string, options?: {
  /** Default: `.sandpit/build/<path of the entry>.js` in the project. */
  readonly outfile?: string;
  /** What relative paths are relative to. Default: the working folder. */
  readonly cwd?: string;
}): Promise<Built>;
