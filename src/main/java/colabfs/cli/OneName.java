package colabfs.cli;

import picocli.CommandLine.INegatableOptionTransformer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.RegexTransformer;

/**
 * Shows a flag in the help by the name that its description is about; its opposite, which turns off
 * what the user has set for always, is known all the same.
 */
final class OneName implements INegatableOptionTransformer {
  private final INegatableOptionTransformer usual = RegexTransformer.createDefault();

  @Override
  public String makeNegative(String optionName, CommandSpec command) {
    return usual.makeNegative(optionName, command);
  }

  @Override
  public String makeSynopsis(String optionName, CommandSpec command) {
    return optionName;
  }
}
