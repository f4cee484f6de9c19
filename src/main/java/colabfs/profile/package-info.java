/**
 * Who to connect to: profiles on disk, their checks, and the formats of other tools that become
 * profiles. Opens no connection.
 */
@NullMarked
package colabfs.profile;

import org.jspecify.annotations.NullMarked;
