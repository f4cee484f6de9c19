package colabfs.control;

import colabfs.exec.ExecException;
import colabfs.forward.ForwardException;
import colabfs.forward.ForwardStatus;
import colabfs.forward.Splice;
import colabfs.remote.RemoteStream;
import colabfs.restore.RestoreReport;
import colabfs.restore.RestoreRules;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The server's end of one request that is not an {@code exec}. Threading: one thread. */
final class Answer {
  /** Characters of JSON after which a part of a long answer is sent: far below a frame's bound. */
  private static final int PART_CHARS = 64 * 1024;

  private final FrameChannel channel;
  private final ControlHandler handler;
  private final Plans plans;

  Answer(FrameChannel channel, ControlHandler handler, Plans plans) {
    this.channel = channel;
    this.handler = handler;
    this.plans = plans;
  }

  /** Does what is asked for and sends its result. */
  void to(Request request) throws IOException, ControlException {
    if (request instanceof Request.Unmount unmount) {
      result(Messages.write(handler.unmount(unmount.force(), follower())));
    } else if (request instanceof Request.Plan plan) {
      result(plans.answer(plan.line()));
    } else if (request instanceof Request.Flush flush) {
      handler.flush(flush.below(), flush.stalled(), follower());
      result(Messages.writeCount(0));
    } else if (request instanceof Request.Warm warm) {
      result(Messages.write(handler.warm(warm.below(), warm.maxFileBytes(), follower())));
    } else if (request instanceof Request.Pending pending) {
      parts(handler.pending(pending.below()).stream().map(PendingJson::node).toList());
    } else if (request instanceof Request.Retry) {
      result(Messages.writeCount(handler.retry()));
    } else if (request instanceof Request.Export export) {
      parts(files(handler.export(export.below(), export.directory())));
    } else if (request instanceof Request.Discard discard) {
      parts(handler.discard(discard.below()).stream().map(PendingJson::node).toList());
    } else if (request instanceof Request.Restore restore) {
      restore(restore);
    } else if (request instanceof Request.TakeAsItIs) {
      handler.takeAsItIs();
      result(Messages.writeCount(0));
    } else if (request instanceof Request.Jobs
        || request instanceof Request.Kill
        || request instanceof Request.Prune) {
      jobs(request);
    } else if (request instanceof Request.Conflicts) {
      parts(handler.conflicts().stream().map(PendingJson::node).toList());
    } else if (request instanceof Request.Dismiss dismiss) {
      result(Messages.writeCount(handler.dismiss(dismiss.below())));
    } else if (request instanceof Request.Forward forward) {
      forwards(() -> handler.forwards().add(forward.specs()));
    } else if (request instanceof Request.StopForwards stop) {
      forwards(() -> handler.forwards().stop(stop.which()));
    } else if (request instanceof Request.ListForwards) {
      forwards(() -> handler.forwards().list());
    } else if (request instanceof Request.Machine) {
      result(MachineJson.node(handler.machine()).toString());
    } else if (request instanceof Request.Proxy) {
      proxy();
    } else {
      result(Messages.node(handler.status()).toString());
    }
  }

  private void proxy() throws IOException, ControlException {
    try (RemoteStream server = handler.toServer()) {
      result(Messages.writeCount(0));
      Splice.join(channel.rest(), server, "control-proxy");
    }
  }

  /** Does something with forwards. */
  private interface ForwardWork {
    List<ForwardStatus> get() throws ForwardException;
  }

  private void forwards(ForwardWork work) throws IOException, ControlException {
    try {
      parts(work.get().stream().map(ForwardJson::node).toList());
    } catch (ForwardException e) {
      throw new ControlException(ControlException.Reason.FAILED, String.valueOf(e.getMessage()), e);
    }
  }

  private void restore(Request.Restore restore) throws IOException, ControlException {
    RestoreReport report =
        handler.restore(
            new RestoreRules(restore.excludes(), restore.maxBytes()), restore.dryRun(), follower());
    parts(report.items().stream().map(RestoreJson::node).toList(), RestoreJson.end(report.whole()));
  }

  private void jobs(Request request) throws IOException, ControlException {
    try {
      if (request instanceof Request.Kill kill) {
        result(JobsJson.node(handler.jobs().kill(kill.job(), kill.signal())).toString());
      } else if (request instanceof Request.Prune) {
        result(Messages.writeCount(handler.jobs().prune()));
      } else {
        parts(handler.jobs().list().stream().map(JobsJson::node).toList());
      }
    } catch (ExecException e) {
      throw ExecConnection.failed(e);
    }
  }

  private ChannelFollower follower() {
    ChannelFollower follower = new ChannelFollower(channel);
    follower.watch();
    return follower;
  }

  private static List<ObjectNode> files(List<Path> files) {
    return files.stream()
        .map(file -> JsonNodeFactory.instance.objectNode().put("file", file.toString()))
        .toList();
  }

  private void result(String text) throws IOException {
    channel.send(FrameType.RESULT, text);
  }

  /** A list of any length, in frames of bounded length. */
  private void parts(List<ObjectNode> elements) throws IOException {
    parts(elements, Messages.writeCount(elements.size()));
  }

  private void parts(List<ObjectNode> elements, String end) throws IOException {
    StringBuilder part = new StringBuilder();
    for (ObjectNode element : elements) {
      part.append(part.isEmpty() ? "" : ",").append(element);
      if (part.length() > PART_CHARS) {
        sendPart(part);
      }
    }
    if (!part.isEmpty()) {
      sendPart(part);
    }
    result(end);
  }

  private void sendPart(StringBuilder part) throws IOException {
    channel.send(FrameType.PART, "{\"" + Messages.ELEMENTS + "\":[" + part + "]}");
    part.setLength(0);
  }
}
