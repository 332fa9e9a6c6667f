/** The scripts that teach a shell to ask us (`__complete`). */

const bash = `# bash completion for tscompose; in ~/.bashrc: source <(tscompose completion bash)
_tscompose() {
  local cur=\${COMP_WORDS[COMP_CWORD]} line=\${COMP_LINE:0:COMP_POINT} word value purpose paths=:none
  # bash takes words apart at = and :, and completes what is behind the last of them
  word=\${line##*[[:space:]]}
  local before=\${word%"\${word##*[=:]}"}
  [[ $COMP_WORDBREAKS == *[=:]* ]] || before=
  COMPREPLY=()
  while IFS=$'\\t' read -r value purpose; do
    if [[ $value == :* ]]; then paths=$value; else COMPREPLY+=("\${value#"$before"}"); fi
  done < <("\${COMP_WORDS[0]}" __complete line "$line" 2>/dev/null)
  [[ $cur == [=:] ]] && cur=
  # it would put a backslash before the colon of a service
  [[ $paths == :none || \${#COMPREPLY[@]} != 0 ]] || compopt -o filenames
  case $paths in
    :files) mapfile -t -O \${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$cur") ;;
    :directories) mapfile -t -O \${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- "$cur") ;;
  esac
  [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == *[=:] ]] && compopt -o nospace
}
complete -F _tscompose tscompose
`;

const zsh = `#compdef tscompose
# zsh completion for tscompose; in ~/.zshrc, behind compinit: source <(tscompose completion zsh)
_tscompose() {
  local -a lines candidates open
  local line value
  lines=("\${(@f)$("\${words[1]}" __complete words "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $lines; do
    value=\${line%%$'\\t'*}
    if [[ $value == :* ]]; then
      continue
    elif [[ $value == *[=:] ]]; then
      open+=("\${value//:/\\\\:}:\${line#*$'\\t'}")
    else
      candidates+=("\${value//:/\\\\:}:\${line#*$'\\t'}")
    fi
  done
  (( $#candidates )) && _describe tscompose candidates
  (( $#open )) && _describe tscompose open -S ''
  case \${lines[-1]} in
    :files) _files ;;
    :directories) _files -/ ;;
  esac
}
compdef _tscompose tscompose
`;

const fish = `# fish completion for tscompose: tscompose completion fish >~/.config/fish/completions/tscompose.fish
function __tscompose_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l program $words[1]
  set -e words[1]
  for line in ($program __complete words $words "$current" 2>/dev/null)
    switch $line
      case ':files'
        __fish_complete_path "$current"
      case ':directories'
        __fish_complete_directories "$current"
      case ':none'
      case '*'
        echo $line
    end
  end
end
complete -c tscompose -f -a '(__tscompose_complete)'
`;

export const shells: Readonly<Record<string, string>> = { bash, fish, zsh };
