# Completes the words of fectl, as bash does.
function __fectl_words
    set -l words (commandline -opc) (commandline -ct)
    bash -c 'source /usr/share/bash-completion/completions/fectl
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_fectl
printf "%s\n" "${COMPREPLY[@]}"' bash $words
end
complete -c fectl -f -a '(__fectl_words)'
