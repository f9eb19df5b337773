# Completion of git ccc, git-ccc and ccc for fish, printed by: git ccc completion fish

function __ccc_complete
    set -l before (commandline -opc)
    set -l typed (commandline -ct)
    set -l place
    # git -C DIR ccc ...: what stands behind ccc counts, and DIR.
    if test "$before[1]" = git
        while set -q before[1]; and test "$before[1]" != ccc
            if test "$before[1]" = -C
                set place $place -C $before[2]
                set -e before[1]
            end
            set -e before[1]
        end
    end
    set -e before[1]
    set -l word (string unescape -- "$typed"; or string trim --left --chars '"\'' -- "$typed")
    for line in (git-ccc completion --words -- $place $before "$word" 2>/dev/null)
        switch $line
            case :dir
                __fish_complete_directories "$typed"
            case ':*'
                __fish_complete_path "$typed"
            case '*'
                echo $line
        end
    end
end

complete -c git-ccc -f -a '(__ccc_complete)'
complete -c ccc -f -a '(__ccc_complete)'
complete -c git -n '__fish_git_using_command ccc' -f -a '(__ccc_complete)'
complete -c git -n __fish_git_needs_command -f -a ccc -d 'Coordinate coding agents'
