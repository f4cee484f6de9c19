package colabfs.ssh;

import org.jspecify.annotations.Nullable;

/**
 * A host key that is trusted.
 *
 * @param runtime which runtime it is of, by the word of whoever leads there; null when nobody says
 */
record Pin(HostKey key, @Nullable String runtime) {}
