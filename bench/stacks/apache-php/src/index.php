<?php echo "php " . phpversion() . "\n";
