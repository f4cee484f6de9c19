package colabfs.fs;

import colabfs.cache.BlockCache;
import colabfs.cache.MetadataCache;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteIdentity;
import java.time.InstantSource;
import java.util.function.LongSupplier;

/** What the parts of one mount have in common. */
record Environment(
    RemoteFs remote,
    RemoteIdentity identity,
    FsSettings settings,
    Patience patience,
    InstantSource clock,
    LongSupplier nanoTime,
    MetadataCache metadata,
    BlockCache blocks,
    Local local,
    LinkWatch link) {}
