"""What a job of many documents says as a whole: partials that the merge writes, folded into one report."""
