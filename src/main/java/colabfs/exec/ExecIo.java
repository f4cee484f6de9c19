package colabfs.exec;

import java.io.InputStream;
import java.io.OutputStream;

/**
 * Where a command's input comes from and its output goes. The streams are not closed. Output is
 * written in pieces as it arrives, from one thread for each stream; an {@link java.io.IOException}
 * from one means that nobody reads any more.
 */
public record ExecIo(InputStream stdin, OutputStream stdout, OutputStream stderr) {}
