package colabfs.cache;

import colabfs.core.FileAttrs;

/** What the cache can say of a name: what it is, that it is not there, or nothing. */
public sealed interface Lookup {

  /** The name is there. */
  record Known(FileAttrs attrs) implements Lookup {}

  /** The name is not there. */
  record Absent() implements Lookup {}

  /** Only the server can tell. */
  record Unknown() implements Lookup {}

  Lookup ABSENT = new Absent();
  Lookup UNKNOWN = new Unknown();
}
