package colabfs.control;

import colabfs.core.RemotePath;
import colabfs.exec.ExecException;
import colabfs.exec.ExecIo;
import colabfs.exec.RunningCommand;
import java.util.List;
import java.util.function.LongConsumer;

/** The mount behind the socket. Threading: any thread; calls may wait for the network. */
public interface ControlHandler {

  /** How the mount is, at once: nothing is asked of the server. */
  MountStatus status();

  /**
   * Waits for what is unsent and unmounts. The process ends soon after this has returned.
   *
   * @param force do not wait long, and unmount also when programs hold the mount
   * @param progress is told how many bytes are unsent, now and then
   * @return bytes that were lost: always 0 without force
   * @throws ControlException BUSY, UNSENT or FAILED: the mount is as it was
   */
  long unmount(boolean force, LongConsumer progress) throws ControlException;

  /**
   * Starts a command.
   *
   * @param directory below the mount's root
   */
  RunningCommand exec(List<String> words, RemotePath directory, ExecIo io) throws ExecException;
}
