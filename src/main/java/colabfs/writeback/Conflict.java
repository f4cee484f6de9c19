package colabfs.writeback;

import colabfs.core.RemotePath;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Somebody else changed on the runtime what was changed here: both survive.
 *
 * @param path the name that both wanted; the runtime's version is there
 * @param copy where this side's version is on the runtime; null when this side only wanted it gone
 * @param what for a person: what met what
 * @param at when it was found
 */
public record Conflict(RemotePath path, @Nullable RemotePath copy, String what, Instant at) {}
