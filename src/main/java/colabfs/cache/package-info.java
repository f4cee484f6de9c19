/**
 * Clean data: what is known of attributes, listings and absent names ({@link
 * colabfs.cache.MetadataCache}), and blocks of files ({@link colabfs.cache.BlockCache}). All of it
 * may be dropped at any time; nothing here is the only copy of anything, and nothing here asks the
 * server.
 */
@NullMarked
package colabfs.cache;

import org.jspecify.annotations.NullMarked;
