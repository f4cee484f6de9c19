/**
 * The helper on the runtime and its client: {@link colabfs.remote.RemoteTree} over a Python program
 * that is started through {@link colabfs.remote.RemoteShell}, and started again when it goes.
 * docs/AGENT.md has the protocol. Decides nothing about what is asked for, and keeps nothing.
 *
 * <p>Public types: {@link colabfs.agent.AgentTree} and {@link colabfs.agent.AgentStatus}.
 */
@NullMarked
package colabfs.agent;

import org.jspecify.annotations.NullMarked;
