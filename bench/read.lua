-- The same GET again and again: path and headers are those of wrk's command line.

require 'load'
