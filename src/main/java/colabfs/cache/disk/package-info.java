/**
 * Clean data on the local disk, across mounts ({@link colabfs.cache.disk.DiskCache}): contents in
 * files of blocks, oldest first out, and an index of them beside what was known of names. All of it
 * may be gone at any time, and damage is noticed, never answered.
 */
@NullMarked
package colabfs.cache.disk;

import org.jspecify.annotations.NullMarked;
