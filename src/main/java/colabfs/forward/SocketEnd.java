package colabfs.forward;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.Socket;

/** A local program's connection. */
record SocketEnd(Socket socket) implements Splice.Near {
  private static final Logger LOG = System.getLogger(SocketEnd.class.getName());

  @Override
  public InputStream in() throws IOException {
    return socket.getInputStream();
  }

  @Override
  public OutputStream out() throws IOException {
    return socket.getOutputStream();
  }

  @Override
  public void endOutput() throws IOException {
    socket.shutdownOutput();
  }

  /** With a reset: an end in order would pass half an answer off as a whole one. */
  @Override
  public void abort() {
    try {
      socket.setSoLinger(true, 0);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "closed already", e);
    }
    close();
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "close", e); // it is gone all the same
    }
  }
}
