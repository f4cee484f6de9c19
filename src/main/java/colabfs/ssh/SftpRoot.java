package colabfs.ssh;

import colabfs.core.RemotePath;

/**
 * Where the mounted root is on the runtime.
 *
 * @param absolute {@code /}, or an absolute path without a slash at its end
 */
record SftpRoot(String absolute) {
  SftpRoot {
    boolean isPath = absolute.startsWith("/") && absolute.indexOf('\0') < 0;
    if (!isPath || (absolute.length() > 1 && absolute.endsWith("/"))) {
      throw new IllegalArgumentException("not an absolute path without a slash at its end");
    }
  }

  /** The path on the runtime. */
  String absolute(RemotePath path) {
    if (absolute.length() == 1) {
      return path.toString();
    }
    return path.isRoot() ? absolute : absolute + path;
  }
}
