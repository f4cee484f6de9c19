package colabfs.cli;

import colabfs.config.Setting;
import colabfs.config.Settings;
import colabfs.config.SettingsText;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi.Text;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.IHelpFactory;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Gives options the defaults that the user set, and shows in the help what holds. Lists are not
 * among them: what is set and what is given are joined, by the command itself.
 */
final class ConfiguredDefaults implements IDefaultValueProvider, IHelpFactory {
  private final Settings settings;

  ConfiguredDefaults(Settings settings) {
    this.settings = settings;
  }

  @Override
  public @Nullable String defaultValue(ArgSpec argument) {
    return setting(argument).map(settings::configured).orElse(null);
  }

  private static Optional<Setting> setting(ArgSpec argument) {
    return argument instanceof OptionSpec option && option.command() != null
        ? Setting.of(option.command().name(), Arrays.asList(option.names()))
        : Optional.empty();
  }

  @Override
  public Help create(CommandSpec command, Help.ColorScheme colors) {
    return new Help(command, colors) {
      @Override
      public IOptionRenderer createDefaultOptionRenderer() {
        IOptionRenderer usual = super.createDefaultOptionRenderer();
        return (option, labels, scheme) ->
            withDefault(option, usual.render(option, labels, scheme), scheme);
      }
    };
  }

  /** A row more in the last column: the default, and who set it. */
  private Text[][] withDefault(OptionSpec option, Text[][] rows, Help.ColorScheme scheme) {
    Setting setting = setting(option).orElse(null);
    if (setting == null || rows.length == 0) {
      return rows;
    }
    Settings.Value value = settings.value(setting);
    boolean set = value.source() != Settings.Source.BUILT_IN;
    if (setting.isFlag() && !set) {
      return rows;
    }
    String text = "Default: " + SettingsText.value(setting, value);
    Text[] row = new Text[rows[0].length];
    Arrays.fill(row, scheme.ansi().text(""));
    row[row.length - 1] =
        scheme.ansi().text(set ? text + ", by " + SettingsText.source(setting, value) : text);
    List<Text[]> longer = new ArrayList<>(List.of(rows));
    longer.add(row);
    return longer.toArray(new Text[0][]);
  }
}
